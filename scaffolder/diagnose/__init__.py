"""Why a container dies or misbehaves in silence: evidence, causes, and the answer."""
