# An SFTP server of AsyncSSH: port, host key, authorized keys.
import asyncio, sys, asyncssh

async def main(port, host, authorized):
    await asyncssh.create_server(asyncssh.SSHServer, "127.0.0.1", int(port), server_host_keys=[host], authorized_client_keys=authorized,
                                 sftp_factory=asyncssh.SFTPServer, reuse_address=True)
    await asyncio.get_event_loop().create_future()

asyncio.run(main(*sys.argv[1:]))
