"""What `perseus up` keeps on one machine: its store, its processes, and the files that tell others of them."""
