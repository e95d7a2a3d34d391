"""What differs from language to language, and nothing else does.

`base` says what a module of a language has to offer, `all` lists them; `toolchain` reads the
commands and names of one template version.
"""
