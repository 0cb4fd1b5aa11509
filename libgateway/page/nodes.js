// The nodes: machines and phones that do things for agents.
import { chip, day, empty, fill, h, notice, soon } from './dom.js';

export class NodesView {
  constructor({ gateway }) {
    this.gateway = gateway;
    this.list = h('ul', { class: 'cards', 'aria-label': 'Nodes' });
    this.rest = h('div', {});
    this.element = h('div', { class: 'column' }, this.list, this.rest);
    this.refresh = soon(() => this.online());
    for (const event of ['presence', 'node.pair.resolved', 'node.pair.requested']) gateway.on(event, this.refresh);
  }

  async online() {
    try {
      const { nodes } = await this.gateway.call('node.list');
      fill(this.list, nodes.map((node) => this.#card(node)));
      fill(this.rest, nodes.length === 0 && empty('nodes', 'No nodes yet',
        'A node is a machine or phone that connects with role node and offers commands, such as a node host or the apps. The first time it waits under Approvals.'));
    } catch (error) {
      if (error.code !== 'OFFLINE') fill(this.rest, notice('bad', h('p', {}, error.message)));
    }
  }

  #card(node) {
    const facts = [['platform', [node.platform, node.deviceFamily, node.modelIdentifier].filter(Boolean).join(' · ')], ['version', node.version], ['from', node.remoteIp],
      ['since', node.connectedAtMs && day(node.connectedAtMs)], ['last seen', !node.connected && node.lastSeenAtMs && day(node.lastSeenAtMs)], ['id', node.nodeId]];
    const offers = node.commands ?? [];
    return h('li', { class: 'card' },
      h('div', { class: 'row spread' }, h('strong', {}, node.displayName || node.nodeId), h('span', { class: 'row' },
        node.approvalState?.startsWith('pending') && chip('waits for approval', 'warn'), chip(node.connected ? 'connected' : 'away', node.connected ? 'good' : ''))),
      h('dl', { class: 'facts' }, facts.filter(([, value]) => value).map(([name, value]) => [h('dt', {}, name), h('dd', {}, String(value))])),
      offers.length > 0 && h('details', {}, h('summary', {}, `${offers.length} commands`), h('ul', { class: 'words' }, offers.map((name) => h('li', {}, h('code', {}, name))))));
  }
}
