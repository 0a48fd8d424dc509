import { describe, expect, test } from 'vitest';
import { type Simulation, simulateCib } from '../../../src/import/pacemaker/simulate.ts';

interface Parts {
  readonly options?: string;
  readonly resources?: string;
  readonly constraints?: string;
  readonly status?: string;
  readonly cib?: string;
}

const noFencing = '<nvpair id="o1" name="fencing-enabled" value="false"/>';

function cib({ options = noFencing, resources, constraints, status, cib: extra }: Parts): string {
  return `<cib have-quorum="1" crm_feature_set="3.16.0" ${extra ?? ''}>
    <configuration>
      <crm_config><cluster_property_set id="cib-bootstrap-options">${options}</cluster_property_set>
      </crm_config>
      <nodes><node id="1" uname="alpha"/><node id="2" uname="beta"/></nodes>
      <resources>${resources ?? ''}</resources>
      <constraints>${constraints ?? ''}</constraints>
    </configuration>
    <status>${status ?? online(1, 'alpha') + online(2, 'beta')}</status>
  </cib>`;
}

function online(id: number, name: string, history = ''): string {
  return `<node_state id="${id}" uname="${name}" in_ccm="true" crmd="online" join="member"
    expected="member"><lrm id="${id}"><lrm_resources>${history}</lrm_resources></lrm></node_state>`;
}

function lost(id: number, name: string, history = ''): string {
  return `<node_state id="${id}" uname="${name}" in_ccm="false" crmd="offline" join="down"
    expected="member"><lrm id="${id}"><lrm_resources>${history}</lrm_resources></lrm></node_state>`;
}

function dummy(id: string, meta = ''): string {
  return `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy">
    <meta_attributes id="${id}-meta">${meta}</meta_attributes></primitive>`;
}

/** `id` was started there; the exit code is that of its last monitor. */
function started(id: string, exitCode = 0): string {
  const key = (expected: number): string => `transition-key="1:1:${expected}:x"`;
  return `<lrm_resource id="${id}" class="ocf" provider="pacemaker" type="Dummy">
    <lrm_rsc_op id="${id}_last_0" operation="start" call-id="1" rc-code="0" op-status="0"
      interval="0" ${key(0)}/>
    <lrm_rsc_op id="${id}_monitor_10000" operation="monitor" call-id="2" rc-code="${exitCode}"
      op-status="0" interval="10000" ${key(0)}/></lrm_resource>`;
}

function actions(simulation: Simulation): readonly string[] {
  if ('unsupported' in simulation) return [simulation.unsupported];
  return simulation.actions.map(({ action, resource, node, from, blocked }) =>
    [action, resource, from, node, blocked === true ? 'blocked' : undefined]
      .filter((word) => word !== undefined)
      .join(' '),
  );
}

function simulate(parts: Parts): Simulation {
  return simulateCib(cib(parts), 1000);
}

describe('a configuration without history', () => {
  test('starts each resource, spread over the nodes', () => {
    const result = simulate({ resources: dummy('a') + dummy('b') });
    expect(actions(result)).toEqual(['start a alpha', 'start b beta']);
  });

  test('starts what is colocated on one node, and nothing that is to be stopped', () => {
    const stopped = '<nvpair id="s" name="target-role" value="Stopped"/>';
    const result = simulate({
      resources: dummy('a') + dummy('b') + dummy('c', stopped),
      constraints: '<rsc_colocation id="k" rsc="b" with-rsc="a" score="INFINITY"/>',
    });
    expect(actions(result)).toEqual(['start a alpha', 'start b alpha']);
  });

  test('keeps away from a node by a rule on its attributes', () => {
    const rule = `<rsc_location id="l" rsc="a"><rule id="r" score="-INFINITY">
      <expression id="e" attribute="#uname" operation="eq" value="alpha"/></rule></rsc_location>`;
    const result = simulate({ resources: dummy('a'), constraints: rule });
    expect(actions(result)).toEqual(['start a beta']);
  });
});

describe('history', () => {
  test('leaves alone what runs well', () => {
    const result = simulate({
      resources: dummy('a'),
      status: online(1, 'alpha') + online(2, 'beta', started('a')),
    });
    expect(actions(result)).toEqual([]);
    expect(result).toMatchObject({
      initial: { resources: [{ id: 'a', node: 'beta', role: 'Started' }] },
    });
  });

  test('recovers in place what failed its monitor', () => {
    const result = simulate({
      resources: dummy('a'),
      status: online(1, 'alpha') + online(2, 'beta', started('a', 7)),
    });
    expect(actions(result)).toEqual(['recover a beta']);
  });

  test('fences a node that was lost and moves what it ran', () => {
    const result = simulate({
      options: '',
      resources: `${dummy('a')}<primitive id="f" class="stonith" type="x"/>`,
      status: online(1, 'alpha') + lost(2, 'beta', started('a')),
    });
    expect(actions(result)).toEqual(['fence beta', 'move a beta alpha', 'start f alpha']);
    expect(result).toMatchObject({ final: { nodes: { alpha: 'online', beta: 'offline' } } });
  });
});

describe('sets of conditions', () => {
  test('a date decides which settings hold', () => {
    const meta = (end: number): string => `<primitive id="a" class="ocf" type="Dummy">
      <meta_attributes id="m"><rule id="r" score="0">
        <date_expression id="d" operation="lt" end="1970-01-01T00:${end}:00Z"/></rule>
        <nvpair id="n" name="target-role" value="Stopped"/></meta_attributes></primitive>`;
    expect(actions(simulate({ resources: meta(30) }))).toEqual([]);
    expect(actions(simulate({ resources: meta(10) }))).toEqual(['start a alpha']);
  });

  test('without quorum a start is shown as blocked', () => {
    const text = cib({ resources: dummy('a') }).replace('have-quorum="1"', 'have-quorum="0"');
    expect(actions(simulateCib(text, 0))).toEqual(['start a alpha blocked']);
  });
});

test('equal inputs give equal answers', () => {
  const parts = { resources: dummy('a') + dummy('b') + dummy('c') };
  expect(simulate(parts)).toEqual(simulate(parts));
});

test('a document that is none is refused', () => {
  expect(() => simulateCib('', 0)).toThrow(SyntaxError);
});
