"""Proof that a service works: it is set up, tested, started, asked and stopped, as git has it.

Nothing here knows a language: what is run comes from language.yml and the catalogue of the template
version that the service was made with. What a verification saw is kept as evidence.
"""
