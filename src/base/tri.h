/* Three-valued answers: unknown is not "no". */
#ifndef TFD_BASE_TRI_H
#define TFD_BASE_TRI_H

typedef enum tfd_tri { TFD_UNKNOWN = 0, TFD_NO, TFD_YES } tfd_tri;

#endif
