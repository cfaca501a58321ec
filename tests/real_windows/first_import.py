#!/usr/bin/env python3
"""first_import.py LAB PAIR: imports TensorFlow (and pip) once in a tree, so that its byte code is there for every copy.

As with uv, and with pip --no-compile, RECORD does not name what Python compiles later.
"""
import os
import sys

import winlab


def main():
    lab, pair = os.path.abspath(sys.argv[1]), sys.argv[2]
    tree = os.path.join(lab, "trees", pair)
    m = winlab.Machine(lab, os.getpid() * 10 + 9)
    m.make()
    try:
        m.set_state()
        home = os.path.join(m.d, "home")
        os.makedirs(os.path.join(home, "AppData", "Local", "Temp"))
        code = "import importlib.util\nif importlib.util.find_spec('pip'): import pip._internal.cli.main\nimport tensorflow as tf; " \
               "print(tf.__version__, int(tf.reduce_sum(tf.constant([1, 2]))) if tf.__version__ > '2' else '')"
        rc, out = m.run(winlab.command_line([winlab.drive_z(os.path.join(tree, "python.exe")), "-c", "exec(%r)" % code]),
                        home, m.environment(home, {}), 1800)
        print(out[-3000:])
        return 0 if rc == 0 else 1
    finally:
        m.remove()


if __name__ == "__main__":
    sys.exit(main())
