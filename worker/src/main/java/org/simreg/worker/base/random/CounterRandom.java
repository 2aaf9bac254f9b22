package org.simreg.worker.base.random;

/**
 * Random numbers as a pure function of a seed and a path, such as (seed, purpose, epoch, sample):
 * the same on every machine and Java version, whatever was drawn elsewhere. The generator is
 * Philox4x32-10. Not safe for use by several threads at once.
 *
 * <p>The first element of a path is its purpose, so that no two uses share numbers.
 *
 * @see <a href="https://doi.org/10.1145/2063384.2063405">Salmon et al. 2011, Parallel random
 *     numbers: as easy as 1, 2, 3</a>
 */
public final class CounterRandom {
    /** Purpose of the sample order of an epoch. */
    public static final long ORDER = 1;

    /** Purpose of the draws of a view. */
    public static final long VIEWS = 2;

    /** Purpose of a network's initial weights. */
    public static final long WEIGHTS = 3;

    /** Purpose of what a student's layers draw while it trains. */
    public static final long LAYERS = 4;

    /** Purpose of the choice of an image in a broken one's place. */
    public static final long REPLACEMENTS = 5;

    /** Purpose of the choice of rows that are held out. */
    public static final long HELD_OUT = 16;

    private final int[] counter = new int[4];
    private final int[] block = new int[4];
    private final int key0;
    private final int key1;
    private int used = 4;
    private double spareNormal = Double.NaN;

    private CounterRandom(int key0, int key1, int high0, int high1) {
        this.key0 = key0;
        this.key1 = key1;
        counter[2] = high0;
        counter[3] = high1;
    }

    /**
     * The stream at a path below a seed. Different paths, also of different lengths, give unrelated
     * streams: the path is folded by the generator itself to 128 bits, which the stream then keeps
     * as its key and upper counter.
     */
    public static CounterRandom of(long seed, long... path) {
        int seed0 = (int) seed;
        int seed1 = (int) (seed >>> 32);
        int[] state = new int[4];
        for (int i = 0; i < path.length; i++) {
            state[0] ^= (int) path[i];
            state[1] ^= (int) (path[i] >>> 32);
            state[2] ^= i + 1;
            philox(state, seed0, seed1, state);
        }
        return new CounterRandom(state[0] ^ seed0, state[1] ^ seed1, state[2], state[3]);
    }

    /** Uniform over all 32-bit values. */
    public int nextInt() {
        if (used == 4) {
            philox(counter, key0, key1, block);
            if (++counter[0] == 0) {
                counter[1]++;
            }
            used = 0;
        }
        return block[used++];
    }

    /** Uniform over all 64-bit values. */
    public long nextLong() {
        long high = nextInt();
        return high << 32 | nextInt() & 0xffffffffL;
    }

    /** Uniform in [0, 1), a multiple of 2^-53. */
    public double uniform() {
        return (nextLong() >>> 11) * 0x1p-53;
    }

    /** Uniform in [low, high). */
    public double uniform(double low, double high) {
        return low + (high - low) * uniform();
    }

    /** True with the given probability, from 0 to 1. */
    public boolean chance(double probability) {
        return uniform() < probability;
    }

    /**
     * Uniform over 0 .. n-1, without bias.
     *
     * @throws IllegalArgumentException if n is not positive
     */
    public int below(int n) {
        if (n <= 0) {
            throw new IllegalArgumentException("below(n) wants a positive n, not " + n);
        }
        long rejected = (1L << 32) % n;
        long product = (nextInt() & 0xffffffffL) * n;
        while ((product & 0xffffffffL) < rejected) {
            product = (nextInt() & 0xffffffffL) * n;
        }
        return (int) (product >>> 32);
    }

    /** Standard normal: mean 0, variance 1. By Marsaglia's polar method in strict arithmetic. */
    public double normal() {
        if (!Double.isNaN(spareNormal)) {
            double spare = spareNormal;
            spareNormal = Double.NaN;
            return spare;
        }
        double x;
        double y;
        double square;
        do {
            x = 2 * uniform() - 1;
            y = 2 * uniform() - 1;
            square = x * x + y * y;
        } while (square >= 1 || square == 0);
        double factor = StrictMath.sqrt(-2 * StrictMath.log(square) / square);
        spareNormal = y * factor;
        return x * factor;
    }

    /** The numbers 0 .. n-1 in random order. */
    public int[] permutation(int n) {
        int[] order = new int[n];
        for (int i = 0; i < n; i++) {
            int j = below(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    /** One Philox4x32-10 block; {@code counter} and {@code out} may be the same array. */
    static void philox(int[] counter, int key0, int key1, int[] out) {
        int c0 = counter[0];
        int c1 = counter[1];
        int c2 = counter[2];
        int c3 = counter[3];
        int k0 = key0;
        int k1 = key1;
        for (int round = 0; round < 10; round++) {
            long product0 = 0xD2511F53L * (c0 & 0xffffffffL);
            long product1 = 0xCD9E8D57L * (c2 & 0xffffffffL);
            c0 = (int) (product1 >>> 32) ^ c1 ^ k0;
            c2 = (int) (product0 >>> 32) ^ c3 ^ k1;
            c1 = (int) product1;
            c3 = (int) product0;
            k0 += 0x9E3779B9;
            k1 += 0xBB67AE85;
        }
        out[0] = c0;
        out[1] = c1;
        out[2] = c2;
        out[3] = c3;
    }
}
