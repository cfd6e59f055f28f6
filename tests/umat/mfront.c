/* Two behaviours with the generic interface of MFront, written by hand: Hooke, whose stiffness an external state variable
   lowers, and the law of chaboche.h, which fails with a message above the stress that its parameter says. */
#include <stdio.h>
#include <stdlib.h>
#include "chaboche.h"

typedef struct {
    double *gradients, *thermodynamic_forces, *mass_density, *material_properties, *internal_state_variables,
        *stored_energy, *dissipated_energy, *external_state_variables;
} State;

typedef struct {
    char *error_message;
    double dt, *k, *rdt, *speed_of_sound;
    State s0, s1;
} Data;

#ifndef API_VERSION
#define API_VERSION 1
#endif
#ifndef BEHAVIOUR_TYPE
#define BEHAVIOUR_TYPE 1
#endif
#ifndef INTERFACE
#define INTERFACE "Generic"
#endif

#define COMMON(B)                                                                              \
    unsigned short B##_api_version = API_VERSION, B##_mfront_mkt = 1;                          \
    unsigned short B##_BehaviourType = BEHAVIOUR_TYPE, B##_BehaviourKinematic = 1;             \
    unsigned short B##_SymmetryType = 0, B##_ElasticSymmetryType = 0;                          \
    unsigned short B##_nGradients = 1, B##_nThermodynamicForces = 1, B##_nTangentOperatorBlocks = 2; \
    unsigned short B##_nModellingHypotheses = 1;                                               \
    const char *B##_ModellingHypotheses[] = {"Tridimensional"};                                \
    const char *B##_Gradients[] = {"Strain"}, *B##_ThermodynamicForces[] = {"Stress"};         \
    int B##_GradientsTypes[] = {1}, B##_ThermodynamicForcesTypes[] = {1};                      \
    const char *B##_TangentOperatorBlocks[] = {"Stress", "Strain"};                            \
    const char *B##_tfel_version = "4.2.0", *B##_mfront_interface = INTERFACE;

COMMON(Hooke)
unsigned short Hooke_requiresStiffnessTensor = 1, Hooke_nMaterialProperties = 0;
const char *const *Hooke_Tridimensional_MaterialProperties = NULL;
unsigned short Hooke_nInternalStateVariables = 0, Hooke_nParameters = 0;
unsigned short Hooke_nExternalStateVariables = 2, Hooke_TemperatureRemovedFromExternalStateVariables = 0;
const char *Hooke_ExternalStateVariables[] = {"Temperature", "Damage"};

COMMON(Chaboche)
unsigned short Chaboche_Tridimensional_nMaterialProperties = 9;
const char *Chaboche_Tridimensional_MaterialProperties[] = {
    "YoungModulus", "PoissonRatio", "R0", "Q", "b", "C", "D", "K", "n"};
unsigned short Chaboche_Tridimensional_nInternalStateVariables = 3;
const char *Chaboche_Tridimensional_InternalStateVariables[] = {
    "EquivalentViscoplasticStrain", "ViscoplasticStrain", "BackStrain"};
int Chaboche_Tridimensional_InternalStateVariablesTypes[] = {0, 1, 1};
unsigned short Chaboche_nExternalStateVariables = 0;
unsigned short Chaboche_Tridimensional_nParameters = 1;
const char *Chaboche_Tridimensional_Parameters[] = {"FailAbove"};
double Chaboche_FailAbove_ParameterDefaultValue = 1e30;
static double fail_above = 1e30;

int Chaboche_setParameter(const char *name, double value)
{
    if (name[0] != 'F' || value <= 0) return 0;
    fail_above = value;
    return 1;
}

/* What every call must hold; the tangent wanted. */
static int checked(Data *d)
{
    State *s[] = {&d->s0, &d->s1};
    for (int i = 0; i < 2; i++)
        if (!s[i]->gradients || !s[i]->thermodynamic_forces || !s[i]->mass_density || !s[i]->material_properties ||
            !s[i]->internal_state_variables || !s[i]->stored_energy || !s[i]->dissipated_energy ||
            !s[i]->external_state_variables)
            abort();
    if (!d->error_message || !d->rdt || !d->speed_of_sound || *d->rdt < 1) abort();
    if (d->k[0] != 0 && d->k[0] != 4) abort();
    return d->k[0] == 4;
}

int Hooke_Tridimensional(Data *d)
{
    int wanted = checked(d);
    double *c = d->s1.material_properties, *e = d->s1.gradients, keep = 1 - d->s1.external_state_variables[1];
    double mu = keep * c[0] / (2 * (1 + c[1])), lambda = 2 * mu * c[1] / (1 - 2 * c[1]);
    for (int i = 0; i < 6; i++) {
        d->s1.thermodynamic_forces[i] = 2 * mu * e[i] + (i < 3) * lambda * (e[0] + e[1] + e[2]);
        for (int j = 0; wanted && j < 6; j++) d->k[6 * i + j] = 2 * mu * (i == j) + (i < 3 && j < 3) * lambda;
    }
    *d->s1.stored_energy = dot(d->s1.thermodynamic_forces, e) / 2;
    return 1;
}

int Chaboche_Tridimensional(Data *d)
{
    int wanted = checked(d);
    double tangent[36], *sig = d->s1.thermodynamic_forces, work = 0;
    for (int i = 0; i < 13; i++) d->s1.internal_state_variables[i] = d->s0.internal_state_variables[i];
    if (chaboche(d->s1.gradients, d->dt, d->s1.material_properties, d->s1.internal_state_variables, sig, tangent)) {
        *d->rdt = 0.1;
        return -1;
    }
    for (int i = 0; i < 6; i++)
        work += sig[i] * (d->s1.internal_state_variables[1 + i] - d->s0.internal_state_variables[1 + i]);
    *d->s1.dissipated_energy = *d->s0.dissipated_energy + work;
    for (int i = 0; wanted && i < 36; i++) d->k[i] = tangent[i];
    if (sig[0] > fail_above) {
        snprintf(d->error_message, 512, "the stress %.1f is above %.1f", sig[0], fail_above);
        *d->rdt = 0.1;
        return -1;
    }
    return 1;
}
