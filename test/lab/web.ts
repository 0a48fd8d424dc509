import type { Host } from './host.ts';
import type { Unit } from './unit.ts';

/** Where `installWeb` puts the configuration, and the command line that serves it. */
export const webConfiguration = '/etc/holdfast/web.conf';
export const webCommand: readonly string[] = ['nginx', '-g', 'daemon off;', '-c', webConfiguration];

/** Puts a configuration of nginx on a host that answers every request with the host's name, on port 80. */
export async function installWeb(host: Host): Promise<Unit> {
  await host.writeFile(webConfiguration, configuration);
  return { name: 'web', argv: webCommand };
}

/** All of its own files are below /run, and it needs no other user, so it also runs in a lab without root. */
const configuration = `user root;
worker_processes 1;
pid /run/web.pid;
error_log stderr warn;
events {}
http {
  access_log off;
  client_body_temp_path /run/web-body;
  proxy_temp_path /run/web-proxy;
  fastcgi_temp_path /run/web-fastcgi;
  uwsgi_temp_path /run/web-uwsgi;
  scgi_temp_path /run/web-scgi;
  server {
    listen 80;
    listen [::]:80;
    location / {
      default_type text/plain;
      return 200 "$hostname\\n";
    }
  }
}
`;
