"""Reports: values in, text out.

Every function here is pure: it opens nothing, prints nothing and knows no clock. Text from a
platform or a file enters through `safe.line`; colour comes last, in `paint`, and carries no meaning.
"""
