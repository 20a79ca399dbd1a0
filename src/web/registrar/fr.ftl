# Au guichet.
