import type { StatusReport } from '../../api/requests.ts';
import { sortedBy } from '../../base/order.ts';
import { spanText } from '../../model/duration.ts';
import type { Screen } from './status-screen.ts';
import { type Row, tableLines } from './table.ts';

/** `holdfast link status`: the paths as this node sees them. */
export function linkLines(status: StatusReport, { width, paint }: Screen): readonly string[] {
  if (status.links.length === 0) return [`${status.self} has no links: it is alone`];
  const rows = sortedBy(status.links, ({ peer, link }) => `${peer} ${link}`).map((link): Row => {
    const peer = status.facts.members.find(({ node }) => node === link.peer);
    const address = peer?.addresses.find((item) => item.link === link.link);
    return [
      link.peer,
      link.link,
      link.up ? { text: 'up', mood: 'good' } : { text: 'down', mood: 'bad' },
      spanText(link.forMs),
      link.rttMs === undefined ? '-' : `${link.rttMs.toFixed(1)} ms`,
      `${link.lossPercent.toFixed(0)} %`,
      address === undefined ? '-' : `${address.host}:${address.port}`,
    ];
  });
  return [
    `links of ${status.self}:`,
    ...tableLines(['PEER', 'LINK', 'STATE', 'FOR', 'RTT', 'LOSS', 'ADDRESS'], rows, width, paint),
  ];
}
