"""What a page needs beside it: styles, pictures, robots and site map."""
