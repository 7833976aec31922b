"""The command line (design 5): one file for each noun, ``terminal`` for all output.

``application`` lists the commands; none of them is imported before it is called.
"""
