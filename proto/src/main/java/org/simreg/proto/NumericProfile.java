package org.simreg.proto;

/**
 * The comparison of numeric profiles: texts of device, threads, library and a fingerprint of computed results. Equal
 * ones give equal bits.
 */
public final class NumericProfile {
    private static final String FINGERPRINT = ", bits ";

    private NumericProfile() {}

    /**
     * A profile with its fingerprint.
     *
     * @param machine device, threads and library
     * @param fingerprint digest of computed results
     */
    public static String of(String machine, String fingerprint) {
        return machine + FINGERPRINT + fingerprint;
    }

    /** A profile without its fingerprint, as versions before fingerprints wrote it. */
    public static String machine(String profile) {
        int end = profile.indexOf(FINGERPRINT);
        return end < 0 ? profile : profile.substring(0, end);
    }

    /** Whether two profiles give equal bits, as far as both say: one from before fingerprints says less. */
    public static boolean same(String one, String other) {
        boolean both = one.contains(FINGERPRINT) && other.contains(FINGERPRINT);
        return both ? one.equals(other) : machine(one).equals(machine(other));
    }
}
