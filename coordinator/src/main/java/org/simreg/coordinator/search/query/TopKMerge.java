package org.simreg.coordinator.search.query;

import java.util.Arrays;
import java.util.List;
import org.simreg.worker.features.search.TopK;

/** The merge of the nearest neighbours of several shards into those of the whole bank. */
public final class TopKMerge {
    private TopKMerge() {}

    /**
     * The nearest of all shards, by cosine descending, then id ascending.
     *
     * @param shards answers to the same queries, each in that order
     * @param k most neighbours a query
     */
    public static TopK of(List<TopK> shards, int k) {
        int queries = shards.get(0).queries();
        int found = Math.min(k, shards.stream().mapToInt(TopK::k).sum());
        TopK all = new TopK(
                queries, found, new long[queries * found], new int[queries * found], new double[queries * found]);
        int[] heads = new int[shards.size()];
        for (int query = 0; query < queries; query++) {
            Arrays.fill(heads, 0);
            for (int rank = 0; rank < found; rank++) {
                int nearest = nearest(shards, heads, query);
                TopK shard = shards.get(nearest);
                int to = query * found + rank;
                all.ids()[to] = shard.id(query, heads[nearest]);
                all.labels()[to] = shard.label(query, heads[nearest]);
                all.cosines()[to] = shard.cosine(query, heads[nearest]);
                heads[nearest]++;
            }
        }
        return all;
    }

    private static int nearest(List<TopK> shards, int[] heads, int query) {
        int best = -1;
        for (int i = 0; i < heads.length; i++) {
            if (heads[i] < shards.get(i).k()
                    && (best < 0 || isNearer(shards.get(i), heads[i], shards.get(best), heads[best], query))) {
                best = i;
            }
        }
        return best;
    }

    private static boolean isNearer(TopK a, int rankA, TopK b, int rankB, int query) {
        double cosineA = a.cosine(query, rankA);
        double cosineB = b.cosine(query, rankB);
        return cosineA > cosineB || cosineA == cosineB && a.id(query, rankA) < b.id(query, rankB);
    }

    /** Some queries of an answer, with fewer neighbours each. */
    static TopK part(TopK all, int from, int queries, int k) {
        int found = Math.min(k, all.k());
        TopK part = new TopK(
                queries, found, new long[queries * found], new int[queries * found], new double[queries * found]);
        for (int query = 0; query < queries; query++) {
            int at = (from + query) * all.k();
            System.arraycopy(all.ids(), at, part.ids(), query * found, found);
            System.arraycopy(all.labels(), at, part.labels(), query * found, found);
            System.arraycopy(all.cosines(), at, part.cosines(), query * found, found);
        }
        return part;
    }

    /** Answers to consecutive queries as one. */
    static TopK joined(List<TopK> parts) {
        if (parts.size() == 1) {
            return parts.get(0);
        }
        int k = parts.get(0).k();
        return new TopK(
                parts.stream().mapToInt(TopK::queries).sum(),
                k,
                parts.stream().flatMapToLong(part -> Arrays.stream(part.ids())).toArray(),
                parts.stream()
                        .flatMapToInt(part -> Arrays.stream(part.labels()))
                        .toArray(),
                parts.stream()
                        .flatMapToDouble(part -> Arrays.stream(part.cosines()))
                        .toArray());
    }
}
