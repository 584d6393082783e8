"""What stands where on a page of history: lines, headings, blocks, parts."""
