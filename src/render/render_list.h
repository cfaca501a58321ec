/* One line for each output format: TFD_RENDERER(name) stands for render_name.c, which defines
 * tfd_renderer_name. */
TFD_RENDERER(text)
TFD_RENDERER(json)
