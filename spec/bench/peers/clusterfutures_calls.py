"""Makes N empty calls with clusterfutures, in the current directory; prints the seconds from the first submit to the last result."""
import sys
import time

import cfut


def nothing(_):
    pass


if __name__ == '__main__':
    calls = int(sys.argv[1])
    with cfut.CondorExecutor() as executor:
        start = time.monotonic()
        futures = [executor.submit(nothing, index) for index in range(calls)]
        for future in futures:
            future.result()
        print(time.monotonic() - start)
