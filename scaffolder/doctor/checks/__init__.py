"""The checks, by what they look at; `catalogue.MODULES` lists these modules."""
