/* One line for each command: TFD_CMD(name) stands for cmd_name.c, which defines tfd_cmd_name. The first is
 * the default. */
TFD_CMD(check)
TFD_CMD(list)
TFD_CMD(show)
TFD_CMD(advise)
