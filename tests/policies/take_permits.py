"""A worker of its own, run by test_rates: takes permits and prints when each call could start.

python -m tests.policies.take_permits ACCOUNT SERVICE COUNT; waits for a line on its input first.
"""

import sys
import time

import django


def main() -> None:
    django.setup()
    from policies import rates

    account, service, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(count):
        rates.take(rates.Bucket(account, service, writing=False))
        print(time.time(), flush=True)


if __name__ == "__main__":
    main()
