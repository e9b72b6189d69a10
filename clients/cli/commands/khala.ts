import type { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { addStatsCommand } from './khala-stats.ts';
import { addTopicsCommand } from './khala-topics.ts';
import { addWatchCommand } from './khala-watch.ts';

export function addKhalaCommands(program: Command, terminal: Terminal): void {
  const khala = program.command('khala').description('look at live topics');
  addWatchCommand(khala, terminal);
  addTopicsCommand(khala, terminal);
  addStatsCommand(khala, terminal);
}
