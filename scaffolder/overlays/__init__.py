"""Templates for teams: a folder of the team's, laid over the built-in template.

`origin` reads how a source is written, `remote` asks git servers, `store` keeps copies, `trust`
what the user agreed to. `files`, `manifest`, `stages` and `jinja` check what an overlay holds.
`layers` are those that a service records; `flatten` makes one Copier template of them and the
built-in one, which `confined` renders. `sources` is what commands use.
"""
