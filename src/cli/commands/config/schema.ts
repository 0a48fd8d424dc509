import { ClusterCommand } from '../../cluster-command.ts';

export default class ConfigSchema extends ClusterCommand {
  static override summary = 'Print the JSON Schema of the configuration file, for editors.';
  static override examples: string[] = ['config schema > holdfast.schema.json'];
  static override enableJsonFlag = false;

  async run(): Promise<void> {
    await this.parse(ConfigSchema);
    const { configJsonSchema } = await import('../../../model/config-file/json-schema.ts');
    this.log(JSON.stringify(configJsonSchema(), undefined, 2));
  }
}
