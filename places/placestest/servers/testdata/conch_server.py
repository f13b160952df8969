# An SFTP server of Twisted Conch: port, host key, authorized keys. Its user is whoever runs it.
import os, sys
from twisted.conch.avatar import ConchUser
from twisted.conch.checkers import InMemorySSHKeyDB, SSHPublicKeyChecker
from twisted.conch.interfaces import ISFTPServer
from twisted.conch.ssh import factory, filetransfer, keys, session
from twisted.conch.unix import SFTPServerForUnixConchUser
from twisted.cred.portal import Portal
from twisted.internet import reactor
from twisted.python import components
from twisted.python.filepath import FilePath

class User(ConchUser):
    def __init__(self, name):
        ConchUser.__init__(self)
        self.channelLookup[b"session"] = session.SSHSession
        self.subsystemLookup[b"sftp"] = filetransfer.FileTransferServer
    def getUserGroupId(self):
        return os.getuid(), os.getgid()
    def getHomeDir(self):
        return FilePath("/")
    def _runAsUser(self, f, *args, **kw):
        try:
            f = iter(f)
        except TypeError:
            f = [(f, args, kw)]
        for i in f:
            func, args, kw = i[0], i[1] if len(i) > 1 else (), i[2] if len(i) > 2 else {}
            r = func(*args, **kw)
        return r

components.registerAdapter(SFTPServerForUnixConchUser, User, ISFTPServer)

class Realm:
    def requestAvatar(self, name, mind, *interfaces):
        return interfaces[0], User(name), lambda: None

port, host, authorized = sys.argv[1:]
key = keys.Key.fromFile(host)
f = factory.SSHFactory()
f.privateKeys = {b"ssh-rsa": key}
f.publicKeys = {b"ssh-rsa": key.public()}
f.portal = Portal(Realm())
f.portal.registerChecker(SSHPublicKeyChecker(InMemorySSHKeyDB({b"root": [keys.Key.fromFile(authorized)]})))
reactor.listenTCP(int(port), f, interface="127.0.0.1")
reactor.run()
