"""Ways to answer a question with tools, measured side by side by `versus_loop.py`."""
