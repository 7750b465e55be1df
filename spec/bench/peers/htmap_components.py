"""Makes a map of N empty calls with HTMap; prints the seconds from its creation to its last output."""
import os
import sys
import time

import htmap


def nothing(_):
    pass


if __name__ == '__main__':
    calls = int(sys.argv[1])
    options = htmap.MapOptions(
        request_memory='128MB',
        request_disk='1024KB',
        environment='"PYTHONPATH={}"'.format(os.environ['PYTHONPATH']),
    )
    start = time.monotonic()
    components = htmap.map(nothing, range(calls), map_options=options)
    list(components)
    print(time.monotonic() - start)
    components.remove()
