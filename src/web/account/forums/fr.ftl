# Les pages de chacun.
