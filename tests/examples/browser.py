"""A headless Chromium, driven over a pipe by its DevTools protocol, as a person uses it: looks
for what is on the page, clicks and types."""
import base64
import json
import os
import shutil
import subprocess
import tempfile
import time


class Browser:
    def __init__(self):
        program = shutil.which("chromium")
        if program is None:
            raise SystemExit("browser: chromium is not installed")
        self.profile = tempfile.mkdtemp(prefix="cred-chromium-")
        read_end, their_write = os.pipe()
        their_read, write_end = os.pipe()
        self.log = open(os.path.join(self.profile, "log"), "wb")
        # Chromium reads commands from descriptor 3 and writes to 4.
        self.process = subprocess.Popen(
            ["/bin/bash", "-c", f'exec "$0" "$@" 3<&{their_read} 4>&{their_write}', program,
             "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--disable-background-networking", "--disable-sync",
             "--window-size=900,860", "--lang=en", f"--user-data-dir={self.profile}/user",
             "--remote-debugging-pipe", "about:blank"],
            pass_fds=(their_read, their_write), stdout=self.log, stderr=self.log,
            env={**os.environ, "HOME": self.profile})
        os.close(their_read)
        os.close(their_write)
        self.input, self.output = os.fdopen(write_end, "wb", 0), read_end
        self.rest, self.number, self.session = b"", 0, None
        target = next(t for t in self.ask("Target.getTargets")["targetInfos"]
                      if t["type"] == "page")
        self.session = self.ask("Target.attachToTarget", targetId=target["targetId"],
                                flatten=True)["sessionId"]
        self.ask("Page.enable")
        self.ask("Emulation.setDeviceMetricsOverride", width=900, height=860, deviceScaleFactor=1,
                 mobile=False)

    def close(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()
        shutil.rmtree(self.profile, ignore_errors=True)

    def ask(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.input.write(json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.rest:
                more = os.read(self.output, 1 << 20)
                if not more:
                    raise SystemExit("browser: chromium ended: " + self.tail())
                self.rest += more
            line, self.rest = self.rest.split(b"\0", 1)
            answer = json.loads(line)
            if answer.get("id") != self.number:
                continue
            if "error" in answer:
                raise SystemExit(f"browser: {method}: {answer['error']}")
            return answer["result"]

    def tail(self):
        with open(os.path.join(self.profile, "log"), "rb") as log:
            return log.read()[-2000:].decode(errors="replace")

    def evaluate(self, expression):
        return self.ask("Runtime.evaluate", expression=expression,
                        returnByValue=True)["result"].get("value")

    def open(self, address):
        self.ask("Page.navigate", url=address)
        self.wait("document.readyState === 'complete'")

    def wait(self, condition):
        """Until it holds; a page that is being replaced has no answer."""
        for _ in range(600):
            if self.evaluate(condition):
                return
            time.sleep(0.05)
        raise SystemExit(f"browser: this never held: {condition}; the page: {self.text()}")

    def text(self):
        return self.evaluate("document.body.innerText")

    def see(self, text):
        """Whatever the case: a style may alter it."""
        self.wait(f"document.readyState === 'complete' && "
                  f"document.body.innerText.toLowerCase().includes({json.dumps(text.lower())})")

    def click(self, selector, text=""):
        """Scrolls to the element that has the text, and clicks in its middle."""
        place = self.evaluate(
            f"(() => {{ const e = [...document.querySelectorAll({json.dumps(selector)})]"
            f".find(e => e.innerText.includes({json.dumps(text)})); if (!e) return null;"
            "e.scrollIntoView({block: 'center'});"
            "const r = e.getBoundingClientRect(); return [r.x + r.width/2, r.y + r.height/2]; })()")
        if place is None:
            raise SystemExit(f"browser: no {selector} '{text}' on: {self.text()}")
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left",
                     clickCount=1)

    def type(self, field, text):
        """In place of what is in the field."""
        self.click(f"input[name={field}]")
        self.evaluate("document.activeElement.select()")
        self.ask("Input.insertText", text=text)

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.ask("Page.captureScreenshot")["data"]))
