"""What other libraries cost for the same work, through their public interfaces: `make bench-peers`.

Steps that do nothing, each durable before the next begins. Each file named after a library says how it is done with
it; those run in an environment of their own, so they import nothing but that library, the standard one and `protocol`.
"""
