"""`pulse check`: what is wrong with sources, mappings, rows and data folder, before a night or when one has failed.

It lands nothing, writes nothing and takes no lock. It does not belong to a night, and is no check of a version: those
are step 6.
"""
