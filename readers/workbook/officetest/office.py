"""office.py FOLDER: one LibreOffice, its settings in FOLDER, saves what it is asked to until there is no more to ask.

A line that comes in is a JSON list: the file to open, the file to save, the name of the filter, its options. A line that goes out
is a JSON string: nothing, or why the file was not saved.
"""

import json
import pathlib
import subprocess
import sys
import time

import uno
from com.sun.star.beans import PropertyValue


def value(name, of):
    return PropertyValue(name, 0, of, 0)


def desktop(pipe, office):
    resolve = uno.getComponentContext().ServiceManager.createInstance("com.sun.star.bridge.UnoUrlResolver").resolve
    while office.poll() is None:
        try:
            return resolve(f"uno:pipe,name={pipe};urp;StarOffice.ServiceManager").createInstance("com.sun.star.frame.Desktop")
        except Exception:  # it does not listen yet
            time.sleep(0.1)
    sys.exit("soffice ended before it listened")


def save(desktop, source, target, name, options):
    document = desktop.loadComponentFromURL(pathlib.Path(source).as_uri(), "_blank", 0, (value("Hidden", True),))
    if document is None:
        return "it does not open " + source
    try:
        how = (value("FilterName", name),) + ((value("FilterOptions", options),) if options else ())
        document.storeToURL(pathlib.Path(target).as_uri(), how)
    finally:
        document.close(True)
    return ""


def main():
    folder = pathlib.Path(sys.argv[1])
    office = subprocess.Popen(
        ["soffice", f"-env:UserInstallation={folder.as_uri()}", "--headless", "--norestore", "--nologo", f"--accept=pipe,name={folder.name};urp"],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
    )
    try:
        found = desktop(folder.name, office)
        for line in sys.stdin:
            try:
                said = save(found, *json.loads(line))
            except Exception as e:
                said = str(e) or repr(e)
            print(json.dumps(said), flush=True)
        found.terminate()
    finally:
        office.wait()


main()
