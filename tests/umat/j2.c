/* Plasticity of von Mises with linear hardening, Abaqus UMAT interface: radial return, consistent tangent.
   PROPS: E, nu, R0, H. STATEV: p, plastic strain (6, plain shears). Order 11, 22, 33, 12, 13, 23.
   Macros make it misbehave, for the tests of what the caller does then. */
#include <math.h>
#include <stdlib.h>

void missing_(void);

void umat_(double *stress, double *statev, double *ddsdde, double *sse, double *spd, double *scd, double *rpl,
           double *ddsddt, double *drplde, double *drpldt, double *stran, double *dstran, double *time,
           double *dtime, double *temp, double *dtemp, double *predef, double *dpred, char *cmname, int *ndi,
           int *nshr, int *ntens, int *nstatv, double *props, int *nprops, double *coords, double *drot,
           double *pnewdt, double *celent, double *dfgrd0, double *dfgrd1, int *noel, int *npt, int *layer,
           int *kspt, int *kstep, int *kinc, size_t cmname_length)
{
#ifdef EMPTY
    return;
#endif
    double mu = props[0] / (2 * (1 + props[1])), kappa = props[0] / (3 * (1 - 2 * props[1]));
    double r0 = props[2], h = props[3], e[6], s[6], n[6];
    if (*ndi != 3 || *nshr != 3 || *ntens != 6 || *nprops != 4 || *nstatv != 7 || cmname_length != 80) abort();
    for (int i = 0; i < 6; i++) e[i] = (stran[i] + dstran[i]) * (i < 3 ? 1.0 : 0.5);
    double trace = e[0] + e[1] + e[2], square = 0;
    for (int i = 0; i < 6; i++) {
        s[i] = 2 * mu * (e[i] - (i < 3 ? trace / 3 : 0) - statev[1 + i]);
        square += (i < 3 ? 1.5 : 3.0) * s[i] * s[i];
    }
    double j = sqrt(square), f = j - r0 - h * statev[0], dp = f > 0 ? f / (3 * mu + h) : 0;
    double beta = dp > 0 ? 1 - 3 * mu * dp / j : 1;
    double second = dp > 0 ? 4 * mu * mu * (1 / (3 * mu + h) - dp / j) : 0;
    for (int i = 0; i < 6; i++) n[i] = dp > 0 ? 1.5 * s[i] / j : 0;
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < 6; k++) {
            double deviator = (i == k) * (i < 3 ? 1.0 : 0.5) - (i < 3 && k < 3) / 3.0;
            ddsdde[i + 6 * k] = (i < 3 && k < 3) * kappa + 2 * mu * beta * deviator - second * n[i] * n[k];
        }
    for (int i = 0; i < 6; i++) {
        statev[1 + i] += dp * n[i];
        stress[i] = s[i] - 2 * mu * dp * n[i] + (i < 3 ? kappa * trace : 0);
    }
    statev[0] += dp;
#ifdef EXITS
    if (*time > 0) exit(3);
#endif
#ifdef CRASHES
    if (*time > 0) *(volatile int *)8 = 1;
#endif
#ifdef ABORTS
    if (*time > 0) abort();
#endif
#ifdef LOOPS
    if (*time > 0) for (volatile int i = 0;; i++) {}
#endif
#ifdef ELASTIC_TANGENT
    for (int i = 0; i < 36; i++) ddsdde[i] = (i % 7 == 0) * (i < 18 ? 2 : 1) * mu + (i % 6 < 3 && i < 18) * (kappa - 2 * mu / 3);
#endif
#ifdef REMEMBERS
    static double last = 0;
    stress[0] += 1e-6 * last;
    last = stran[0] + dstran[0];
#endif
#ifdef MAKES_ENERGY
    stress[0] -= 1e4 * (stran[1] + dstran[1]);
    ddsdde[6] -= 1e4;
#endif
#ifdef NOT_A_NUMBER
    if (*time > 0) stress[2] = NAN;
#endif
#ifdef BEYOND
    statev[*nstatv] = 1;
#endif
#ifdef SHORTER
    if (*dtime > 0.2) *pnewdt = 0.3;
#endif
#ifdef BREAKS
    if (statev[0] > BREAKS) *pnewdt = 0.25;
#endif
#ifdef UNRESOLVED
    missing_();
#endif
}
