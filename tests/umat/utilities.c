/* A UMAT that calls Abaqus' utility routines and leaves what they say in STATEV. The stress is the strain times 1000. */
#include <stddef.h>

void sinv_(double *stress, double *sinv1, double *sinv2, int *ndi, int *nshr);
void sprinc_(double *s, double *ps, int *lstr, int *ndi, int *nshr);
void sprind_(double *s, double *ps, double *an, int *lstr, int *ndi, int *nshr);
void rotsig_(double *s, double *r, double *sprime, int *lstr, int *ndi, int *nshr);
void xit_(void);
void getoutdir_(char *outdir, int *length, size_t room);
void getjobname_(char *jobname, int *length, size_t room);
void getrank_(int *rank);
void getnumcpus_(int *count);
int get_thread_id_(void);

void umat_(double *stress, double *statev, double *ddsdde, double *sse, double *spd, double *scd, double *rpl,
           double *ddsddt, double *drplde, double *drpldt, double *stran, double *dstran, double *time,
           double *dtime, double *temp, double *dtemp, double *predef, double *dpred, char *cmname, int *ndi,
           int *nshr, int *ntens, int *nstatv, double *props, int *nprops, double *coords, double *drot,
           double *pnewdt, double *celent, double *dfgrd0, double *dfgrd1, int *noel, int *npt, int *layer,
           int *kspt, int *kstep, int *kinc, size_t cmname_length)
{
    double e[6], turn[9] = {0.36, -0.8, 0.48, 0.48, 0.6, 0.64, -0.8, 0, 0.6};
    int one = 1, two = 2, n;
    char name[200];
    for (int i = 0; i < 6; i++) {
        e[i] = stran[i] + dstran[i];
        stress[i] = 1000 * e[i];
        ddsdde[7 * i] = 1000;
    }
    sinv_(stress, statev, statev + 1, ndi, nshr);
    sprinc_(stress, statev + 2, &one, ndi, nshr);
    sprinc_(e, statev + 5, &two, ndi, nshr);
    sprind_(stress, statev + 8, statev + 11, &one, ndi, nshr);
    rotsig_(stress, turn, statev + 20, &one, ndi, nshr);
    rotsig_(e, turn, statev + 26, &two, ndi, nshr);
    getoutdir_(name, &n, sizeof name);
    statev[32] = name[0] == '/' && name[n - 1] != ' ' && name[199] == ' ';
    getjobname_(name, &n, sizeof name);
    statev[33] = n;
    getrank_(&n);
    statev[34] = n;
    getnumcpus_(&n);
    statev[35] = n + get_thread_id_();
#ifdef STOPS
    if (*time > 0) xit_();
#endif
}
