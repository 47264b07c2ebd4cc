#!/usr/bin/env python3
"""A bridge between Tamas and WhatsApp's Cloud API: texts, pictures, voice and files, both ways, and what became of them.

In Tamas: an account of the kind "Own channel (API)" with SECRET, and this program's /tamas as your system's address.
At Meta: the app's webhook is this program's /whatsapp with the verify token VERIFY, subscribed to "messages".

    HUB=https://hub.example.com/hooks/ACCOUNT/ SECRET=… TOKEN=… PHONE_ID=… APP_SECRET=… VERIFY=… PORT=8090 ./channel_api_whatsapp.py

It keeps nothing: Meta repeats for days what was not answered with 200, Tamas what was not answered at all. An answer
that was lost on its way to Tamas is known again only until a restart; keep ANSWERS on disk where that matters.
"""
import hashlib, hmac, json, os, time, urllib.error, urllib.parse, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

env = os.environ
HUB, SECRET, TOKEN, APP_SECRET = env["HUB"], env["SECRET"].encode(), env["TOKEN"], env["APP_SECRET"].encode()
GRAPH = env.get("GRAPH", "https://graph.facebook.com/v23.0")
MEDIA = {"image": "image", "sticker": "image", "audio": "audio", "video": "video", "document": "file"}
ANSWERS = {}  # what was taken of Tamas: id → answer


def call(url, data=None, method=None, **headers):
    req = urllib.request.Request(url, data, {k.replace("_", "-"): v for k, v in headers.items()}, method=method)
    with urllib.request.urlopen(req, timeout=90) as answer:
        return answer.read()


def sign(text, t=None):
    t = t or str(int(time.time()))
    return f"t={t},v1=" + hmac.new(SECRET, t.encode() + b"." + text, hashlib.sha256).hexdigest()


def graph(path, body=None):
    data = json.dumps(body).encode() if body else None
    return json.loads(call(f"{GRAPH}/{path}", data, Authorization=f"Bearer {TOKEN}", Content_Type="application/json"))


def upload(media, kind):
    """Hands a file of WhatsApp's to the hub."""
    about = graph(media["id"])
    content = call(about["url"], Authorization=f"Bearer {TOKEN}")
    digest = hashlib.sha256(content).hexdigest()
    name = urllib.parse.quote(media.get("filename", ""))
    got = call(f"{HUB}files?name={name}", content, "PUT", X_Tamas_SHA256=digest, X_Tamas_Signature=sign(digest.encode()), Content_Type=about["mime_type"])
    return {"upload": json.loads(got)["upload"], "kind": "voice" if media.get("voice") else kind}


def events(change):
    """What Meta tells, as events of Tamas."""
    names = {c["wa_id"]: c["profile"]["name"] for c in change.get("contacts", [])}
    for m in change.get("messages", []):
        kind, e = m["type"], {"id": m["id"], "address": m["from"], "name": names.get(m["from"], ""), "at": int(m["timestamp"])}
        if "id" in m.get("context", {}):
            e["reply_to"] = m["context"]["id"]
        if kind in MEDIA:
            e["files"], e["text"] = [upload(m[kind], MEDIA[kind])], m[kind].get("caption", "")
        else:
            e["text"] = m["text"]["body"] if kind == "text" else f"[{kind}]"
        yield e
    for s in change.get("statuses", []):
        if s["status"] in ("delivered", "read", "failed"):
            yield {"type": "status", "of": s["id"], "state": s["status"], "reason": (s.get("errors") or [{"title": ""}])[0]["title"]}


def send(m):
    """Hands an agent's message to WhatsApp, as one or several; returns the status and the body of the answer."""
    if m["type"] in ("check", "typing"):
        return 200, {}
    if m["type"] != "message":
        return 422, {"error": "a message of WhatsApp's cannot be changed"}
    if m["id"] in ANSWERS:
        return 200, ANSWERS[m["id"]]
    parts = [{"type": "text", "text": {"body": m["text"]}}] if m.get("text") else []
    for f in m.get("files", []):
        kind = {"image": "image", "voice": "audio"}.get(f["kind"], f["kind"] if f["kind"] in MEDIA else "document")
        parts.append({"type": kind, kind: {"link": f["url"], **({"filename": f["name"]} if kind == "document" else {})}})
    ids = []
    for part in parts:
        quote = {"context": {"message_id": m["reply_to"]}} if m.get("reply_to") else {}
        try:
            ids.append(graph(f"{env['PHONE_ID']}/messages", {"messaging_product": "whatsapp", "to": m["address"], **quote, **part})["messages"][0]["id"])
        except urllib.error.HTTPError as err:
            e = json.loads(err.read() or b"{}").get("error", {})
            if ids:  # the customer has a part of it: for people to decide
                return 500, {}
            if err.code == 429 or e.get("code") in (130429, 131056, 80007):
                return 429, {"retry_after": 10}
            words = {"error": e.get("message", "WhatsApp refused it"), "unreachable": e.get("code") == 131026}
            return (503 if err.code >= 500 or err.code == 401 else 422), words
    ANSWERS[m["id"]] = {"id": ids[0], "parts": ids[1:]}
    return 200, ANSWERS[m["id"]]


class Bridge(BaseHTTPRequestHandler):
    def answer(self, status, body):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

    def do_GET(self):  # Meta asks once whether the webhook is ours
        q = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        ours = hmac.compare_digest(q.get("hub.verify_token", ""), env["VERIFY"])
        self.answer(200 if ours else 403, q.get("hub.challenge", "").encode() if ours else b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/tamas":
            theirs = self.headers.get("X-Tamas-Signature", "")
            t = theirs[2:].split(",")[0]
            if not hmac.compare_digest(sign(body, t), theirs) or abs(time.time() - int(t)) > 300:
                return self.answer(401, {"error": "the signature is wrong"})
            return self.answer(*send(json.loads(body)))
        ours = "sha256=" + hmac.new(APP_SECRET, body, hashlib.sha256).hexdigest()
        if self.path != "/whatsapp" or not hmac.compare_digest(ours, self.headers.get("X-Hub-Signature-256", "")):
            return self.answer(403, b"")
        try:
            told = [e for entry in json.loads(body)["entry"] for c in entry["changes"] for e in events(c["value"])]
            if told:
                data = json.dumps({"events": told}).encode()
                call(HUB, data, X_Tamas_Signature=sign(data), Content_Type="application/json")
        except urllib.error.URLError as err:  # not recorded: Meta tells it again
            print("not recorded yet:", err, getattr(err, "read", bytes)())
            return self.answer(503, b"")
        self.answer(200, b"")


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(env.get("PORT", "8090"))), Bridge)
    print("listening on", server.server_port, flush=True)
    server.serve_forever()
