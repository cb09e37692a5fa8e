# For Atlas (https://atlasgo.io), which brings a PostgreSQL to schema.sql:
#
#   atlas schema apply --env perseus
#
# The database is that of PERSEUS_DATABASE_URL, over SSL: add ?sslmode=verify-full and the rest to it as for Perseus.
# Its user must own the tables; that of Perseus itself need not. Atlas works out the changes in a throw-away database.

variable "url" {
  type    = string
  default = getenv("PERSEUS_DATABASE_URL")
}

variable "dev" {
  type    = string
  default = "docker://postgres/15/dev?search_path=public"
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
