/* The law of chaboche.h as a UMAT. PROPS: its nine coefficients. STATEV: p, evp (6), alpha (6), plain shears. */
#include <stddef.h>
#include "chaboche.h"

void umat_(double *stress, double *statev, double *ddsdde, double *sse, double *spd, double *scd, double *rpl,
           double *ddsddt, double *drplde, double *drpldt, double *stran, double *dstran, double *time,
           double *dtime, double *temp, double *dtemp, double *predef, double *dpred, char *cmname, int *ndi,
           int *nshr, int *ntens, int *nstatv, double *props, int *nprops, double *coords, double *drot,
           double *pnewdt, double *celent, double *dfgrd0, double *dfgrd1, int *noel, int *npt, int *layer,
           int *kspt, int *kstep, int *kinc, size_t cmname_length)
{
    double e[6], state[13], tangent[36], root[6] = {1, 1, 1, sqrt(2), sqrt(2), sqrt(2)};
    for (int i = 0; i < 6; i++) e[i] = (stran[i] + dstran[i]) / root[i];
    state[0] = statev[0];
    for (int i = 0; i < 12; i++) state[1 + i] = statev[1 + i] * root[i % 6];
    if (chaboche(e, *dtime, props, state, stress, tangent)) {
        *pnewdt = 0.5;
        return;
    }
    statev[0] = state[0];
    for (int i = 0; i < 12; i++) statev[1 + i] = state[1 + i] / root[i % 6];
    for (int i = 0; i < 6; i++) {
        stress[i] /= root[i];
        for (int k = 0; k < 6; k++) ddsdde[i + 6 * k] = tangent[6 * i + k] / (root[i] * root[k]);
    }
}
