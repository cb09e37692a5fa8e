# For Atlas (https://atlasgo.io), which brings a PostgreSQL to schema.sql:
#
#   atlas schema apply --env perseus
#
# The database is that of PERSEUS_DATABASE_URL; its user must own the tables, which that of Perseus need not:
#
#   atlas schema apply --env perseus --var "url=postgresql://owner:password@host/name?sslmode=require"
#
# Atlas works out the changes in a throw-away database, here one of Docker. Without Docker name an empty one of yours:
# --var "dev=postgresql://...". docs/database.md says the rest.

variable "url" {
  type    = string
  default = getenv("PERSEUS_DATABASE_URL")
}

variable "dev" {
  type    = string
  default = "docker://postgres/15/dev"
}

env "perseus" {
  src     = "file://schema.sql"
  url     = var.url
  dev     = var.dev
  schemas = ["public"]

  # Tables of others in the same database stay.
  diff {
    skip {
      drop_schema = true
      drop_table  = true
    }
  }
}
