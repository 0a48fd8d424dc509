import { describe, expect, test } from 'vitest';
import { parseAgentMetadata, parseOcfTimeMs } from '../../../src/runtime/resources/ocf-metadata.ts';

const thing = `<?xml version="1.0"?>
<!DOCTYPE resource-agent SYSTEM "ra-api-1.dtd">
<!-- <resource-agent name="hidden"> -->
<resource-agent name="thing" version="1.2">
  <version>1.1</version>
  <shortdesc lang="en">A thing &amp; more
    of it</shortdesc>
  <parameters>
    <parameter name="ip" unique="1" required="1">
      <shortdesc lang="en"><![CDATA[IP <address>]]></shortdesc>
      <content type="string" default="a &quot;b&quot; &#x41;&#66;"/>
    </parameter>
    <parameter name='mode' reloadable='1' unique-group='place'>
      <content type="select"><option value="fast" /><option value='slow'/></content>
    </parameter>
  </parameters>
  <actions>
    <action name="start" timeout="20s" />
    <action name="monitor" timeout="1min" interval="10" depth="10" role="Promoted"/>
    <action name="stop" timeout="soon"/>
  </actions>
</resource-agent>
`;

describe('agent descriptions', () => {
  test('parameters and actions are read', () => {
    expect(parseAgentMetadata(thing)).toEqual({
      name: 'thing',
      version: '1.2',
      summary: 'A thing & more of it',
      parameters: [
        {
          name: 'ip',
          required: true,
          reloadable: false,
          uniqueGroup: 'ip',
          type: 'string',
          values: [],
          default: 'a "b" AB',
          summary: 'IP <address>',
        },
        {
          name: 'mode',
          required: false,
          reloadable: true,
          uniqueGroup: 'place',
          type: 'select',
          values: ['fast', 'slow'],
          default: undefined,
          summary: '',
        },
      ],
      actions: [
        { name: 'start', timeoutMs: 20_000 },
        { name: 'monitor', timeoutMs: 60_000, intervalMs: 10_000, depth: 10, role: 'Promoted' },
        { name: 'stop' },
      ],
    });
  });

  test('what is no description of an agent is refused', () => {
    for (const text of ['', 'hello', '<resource-agent>', '<a></b>', '<other/>', '</a>']) {
      expect(parseAgentMetadata(text)).toBeUndefined();
    }
  });

  test('entities of the document itself are not expanded', () => {
    const text = `<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>
      <resource-agent name="&x;"><shortdesc>&x;</shortdesc></resource-agent>`;
    expect(parseAgentMetadata(text)).toMatchObject({ name: '&x;', summary: '&x;' });
  });

  test('times are read as agents write them', () => {
    const times = ['20', '20s', '500ms', '2min', '1h', ' 3 sec ', '1.5s', '', 'soon', '5 parsecs'];
    expect(times.map(parseOcfTimeMs)).toEqual([
      20_000,
      20_000,
      500,
      120_000,
      3_600_000,
      3_000,
      1_500,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
