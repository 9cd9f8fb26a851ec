#!/usr/bin/env python3
"""Sends one word to an EchoServer and prints what comes back: GHMS/0.1 with nothing but the standard library.

Usage: client.py [port] [word]
"""
import json, socket, struct, sys

port, word = int((sys.argv[1:] or [5000])[0]), (sys.argv[2:] or ["hello"])[0]

with socket.create_connection(("127.0.0.1", port), timeout=30) as connection, connection.makefile("rwb") as stream:
    stream.write(f"GET / HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1\r\n"
                 "Accept: application/json\r\n\r\n".encode())
    stream.flush()
    status = stream.readline().decode()
    if " 101 " not in status:
        sys.exit(f"No upgrade: {status}")
    while stream.readline() != b"\r\n":  # the other fields, up to the blank line
        pass

    def send(code, payload):
        stream.write(struct.pack(">II", code, len(payload)) + payload)  # code and length, then the payload
        stream.flush()

    def receive():
        code, length = struct.unpack(">II", stream.read(8))
        return code, stream.read(length)

    send(10, json.dumps({"Word": word}).encode())
    code, payload = receive()
    while code == 1:  # a heartbeat
        code, payload = receive()
    print(code, json.dumps(json.loads(payload)))
    send(0, struct.pack(">H", 1000))  # Close: normal
