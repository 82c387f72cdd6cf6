#!/usr/bin/env python3
"""web_test.py CREDCTL WEB_LOGIN FOLDER SCREENSHOTS: the web example in a headless Chromium, as a
person uses it, while an administrator uses credctl."""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from browser import Browser

credctl, web_login, folder, screenshots = sys.argv[1:]
root = tempfile.mkdtemp(prefix="cred-web-")
configuration = os.path.join(root, "cred.conf")
with open(configuration, "w", encoding="utf-8") as file:
    file.write(f'[store]\nurl = "sqlite:{root}/store/cred.db"\n[keys]\nroot = "file:{root}/root.key"\n'
               '[hash]\nmemory = "7 MiB"\npasses = 5\nlanes = 1\n')


def administrator(*command):
    subprocess.run([credctl, "--config", configuration, "--quiet", "--realm", "shop", *command],
                   check=True)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def wait_for(port):
    for _ in range(600):
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise SystemExit("web: the service does not listen")


def headers_are_right(address):
    with urllib.request.urlopen(address) as page:
        assert page.headers["Cache-Control"] == "no-store", page.headers
        assert "default-src 'none'" in page.headers["Content-Security-Policy"], page.headers


def shot(browser, name):
    browser.screenshot(os.path.join(screenshots, name + ".png"))


def sign_in(browser, password):
    browser.see("Sign in")
    browser.type("name", "alice")
    browser.type("old", password)
    browser.click("button", "Sign in")


def use(browser, address):
    # Sign-up: a password that is refused, with its reasons, then one that is taken.
    browser.open(address)
    browser.click("a", "Create an account")
    browser.see("Full name")
    browser.type("name", "alice")
    browser.type("person", "Alice <Miller>")
    browser.type("new", "miller1")
    browser.click("button", "Create account")
    browser.see("the policy refuses the new password")
    reasons = browser.evaluate("document.querySelectorAll('.notice li').length")
    assert reasons >= 3, browser.text()
    # What was typed is there again, but for the password.
    fields = browser.evaluate("[...document.querySelectorAll('input')].map(i => i.value)")
    assert fields == ["alice", "Alice <Miller>", ""], fields
    shot(browser, "1-sign-up-refused")
    browser.type("new", "Correct-Horse-42")
    browser.click("button", "Create account")
    browser.see("You are signed in as alice.")
    shot(browser, "2-signed-in")

    # Sign-out and sign-in; a wrong password.
    browser.click("button", "Sign out")
    sign_in(browser, "Correct-Horse-43")
    browser.see("wrong name or password")
    sign_in(browser, "Correct-Horse-42")
    browser.see("You are signed in as alice.")

    # An administrator asks for a new password: nothing else can be done before.
    administrator("expire", "alice")
    browser.click("button", "Sign out")
    sign_in(browser, "Correct-Horse-42")
    browser.see("an administrator asks for a new password")
    shot(browser, "3-forced-change")
    browser.open(address)
    browser.see("Create an account")  # nobody is signed in
    browser.open(address + "change")
    browser.type("name", "alice")
    browser.type("old", "Correct-Horse-42")
    browser.type("new", "Correct-Horse-42")
    browser.click("button", "Change password")
    browser.see("the policy refuses the new password")
    browser.type("old", "Correct-Horse-42")
    browser.type("new", "Purple-Tractor-77")
    browser.click("button", "Change password")
    browser.see("You are signed in as alice.")

    # A suspected compromise ends the session, and the password has to be changed.
    administrator("compromise", "alice", "--reason", "found in a phishing kit")
    browser.open(address)
    browser.see("Your session has ended")
    shot(browser, "4-session-ended")
    browser.open(address)
    browser.see("Create an account")
    sign_in(browser, "Purple-Tractor-77")
    browser.see("the password may be known to others")
    shot(browser, "5-compromised")
    browser.type("old", "Purple-Tractor-77")
    browser.type("new", "Yellow-Lantern-19")
    browser.click("button", "Change password")
    browser.see("You are signed in as alice.")

    # A cookie that nobody was given is nobody's.
    browser.ask("Network.setCookie", name="session", value="0" * 64, url=address)
    browser.open(address)
    browser.see("Create an account")


def use_later(browser, address):
    """When more than a quarter has passed."""
    browser.open(address)
    sign_in(browser, "Yellow-Lantern-19")
    browser.see("the password has expired and must be changed")
    shot(browser, "6-expired")
    browser.type("old", "Yellow-Lantern-19")
    browser.type("new", "Marble-Walrus-58")
    browser.click("button", "Change password")
    browser.see("You are signed in as alice.")


class Service:
    """The example, for the time of a block; `clock` as faketime(1) has it."""

    def __init__(self, clock=None):
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}/"
        self.environment = dict(os.environ)
        if clock is not None:
            self.environment.update(LD_PRELOAD="/usr/$LIB/faketime/libfaketimeMT.so.1",
                                    FAKETIME=clock, FAKETIME_DONT_FAKE_MONOTONIC="1")

    def __enter__(self):
        self.process = subprocess.Popen([web_login, configuration, "shop", str(self.port), folder],
                                        env=self.environment)
        wait_for(self.port)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def main():
    os.makedirs(screenshots, exist_ok=True)
    subprocess.run([credctl, "--config", configuration, "--quiet", "init"], check=True)
    subprocess.run([credctl, "--config", configuration, "--quiet", "realm", "add", "shop"],
                   check=True)
    browser = None
    try:
        browser = Browser()
        with Service() as service:
            headers_are_right(service.address)
            use(browser, service.address)
        with Service("+100d") as service:
            use_later(browser, service.address)
    finally:
        if browser is not None:
            browser.close()
        shutil.rmtree(root)
    print("web: sign-up, sign-in, forced change, expiry and the end of a session work in a browser")


main()
