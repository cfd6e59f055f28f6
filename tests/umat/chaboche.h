/* Viscoplasticity of Chaboche type for the tests, one back-stress; symmetric tensors with shears times sqrt(2), so that
   contractions are plain sums.
     sig = C : (e - evp),  X = 2/3 C alpha,  f = J(s - X) - R0 - Q (1 - exp(-b p)),  dp/dt = <f/K>^n,
     dalpha = devp - D alpha dp;  one backward-Euler step, consistent tangent. */
#include <math.h>

enum { YOUNG, POISSON, RADIUS, SATURATION, RATE, MODULUS, RECOVERY, DRAG, EXPONENT };

static double dot(const double *a, const double *b)
{
    double sum = 0;
    for (int i = 0; i < 6; i++) sum += a[i] * b[i];
    return sum;
}

/* c: the nine coefficients; state: p, evp, alpha, start in, end out. Returns 0, or 1 where there is no solution. */
static int chaboche(const double *e, double dt, const double *c, double *state, double *stress, double *tangent)
{
    double mu = c[YOUNG] / (2 * (1 + c[POISSON])), kappa = c[YOUNG] / (3 * (1 - 2 * c[POISSON]));
    double *p = state, *evp = state + 1, *alpha = state + 7;
    double s[6], x[6], z[6], n[6], trace = e[0] + e[1] + e[2];
    for (int i = 0; i < 6; i++) {
        s[i] = 2 * mu * (e[i] - (i < 3 ? trace / 3 : 0) - evp[i]);
        x[i] = 2 * c[MODULUS] / 3 * alpha[i];
        z[i] = s[i] - x[i];
    }
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < 6; k++)
            tangent[6 * i + k] = 2 * mu * (i == k) + (i < 3 && k < 3) * (kappa - 2 * mu / 3);
    double j = sqrt(1.5 * dot(z, z)), dp = 0;
    if (j - c[RADIUS] - c[SATURATION] * (1 - exp(-c[RATE] * *p)) > 0) {
        double low = 0, high = (sqrt(1.5 * dot(s, s)) + sqrt(1.5 * dot(x, x))) / (3 * mu), theta = 1, h = 1;
        int left = 300;
        for (dp = 1e-3 * high;; left--) {
            theta = 1 / (1 + c[RECOVERY] * dp);
            for (int i = 0; i < 6; i++) z[i] = s[i] - theta * x[i];
            j = sqrt(1.5 * dot(z, z));
            for (int i = 0; i < 6; i++) n[i] = 1.5 * z[i] / j;
            double soft = c[SATURATION] * exp(-c[RATE] * (*p + dp));
            double drag = c[DRAG] * pow(dp / dt, 1 / c[EXPONENT]);
            double g = j - (3 * mu + c[MODULUS] * theta) * dp - c[RADIUS] - c[SATURATION] + soft - drag;
            h = 3 * mu + c[MODULUS] * theta * theta + c[RATE] * soft + drag / (c[EXPONENT] * dp) -
                c[RECOVERY] * theta * theta * dot(n, x);
            if (g > 0) low = dp;
            else high = dp;
            double next = dp + g / h;
            if (!(next > low && next < high)) next = low > 0 ? sqrt(low * high) : 1e-3 * high;
            if (fabs(next - dp) <= 1e-15 * dp || fabs(g) <= 1e-15 * j) break;
            if (left == 0) return 1;
            dp = next;
        }
        double a = 2 * mu / h, b = 3 * mu * dp / j, r = c[RECOVERY] * theta * theta, nx = dot(n, x);
        for (int i = 0; i < 6; i++)
            for (int k = 0; k < 6; k++) {
                double deviator = (i == k) - (i < 3 && k < 3) / 3.0;
                double direction = 2 * mu * (deviator - 2.0 / 3 * n[i] * n[k]) +
                                   r * a * (x[i] - 2.0 / 3 * nx * n[i]) * n[k];
                tangent[6 * i + k] -= 2 * mu * a * n[i] * n[k] + b * direction;
            }
        for (int i = 0; i < 6; i++) {
            evp[i] += dp * n[i];
            alpha[i] = theta * (alpha[i] + dp * n[i]);
            s[i] -= 2 * mu * dp * n[i];
        }
        *p += dp;
    }
    for (int i = 0; i < 6; i++) stress[i] = s[i] + (i < 3 ? kappa * trace : 0);
    return 0;
}
