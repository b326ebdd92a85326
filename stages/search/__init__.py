"""How the stage `retrieve` searches: from a query's words, by an index that is kept, to ranked files and lines."""
