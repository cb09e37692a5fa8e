"""The doctor: examines store, database, clock, plugins and host of a site, and says what mends what it finds.

It knows neither Flask nor SQLAlchemy: what the database says is handed to it (`perseus.doctor.site.Site`).
"""
