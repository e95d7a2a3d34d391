"""Why a container dies or misbehaves silently: evidence, causes, and the answer."""
