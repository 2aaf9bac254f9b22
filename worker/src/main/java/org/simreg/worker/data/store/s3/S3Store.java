package org.simreg.worker.data.store.s3;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.simreg.proto.DataSource;
import org.simreg.proto.Roots;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.data.store.FilePattern;
import org.simreg.worker.data.store.ObjectStore;
import org.simreg.worker.data.store.StoredFile;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;

/** The objects of an S3 service, read by ranges; each is known by its ETag from its listing on. */
public final class S3Store implements ObjectStore {
    /** Requests on their way at once: latency is hidden, and no service is flooded. */
    static final int THREADS = 32;

    private static final Comparator<String> BYTES = Comparator.comparing(FileNames::bytes, Arrays::compareUnsigned);
    private static final Duration LOOK = Duration.ofSeconds(5);
    private static final int CHEAP = 1 << 16;
    private static final int PIECE = 1 << 16;

    private final S3Access access;
    private final Roots roots;
    private final S3Client client;
    private final S3Requests requests;
    private final S3Listing listing;

    /**
     * @param access to the service
     * @param roots below which objects must lie to be read
     */
    public S3Store(S3Access access, Roots roots) {
        this.access = access;
        this.roots = roots;
        client = access.client();
        requests = new S3Requests(access);
        listing = new S3Listing(client, requests);
    }

    @Override
    public int threads() {
        return THREADS;
    }

    @Override
    public int cheapBytes() {
        return CHEAP;
    }

    @Override
    public boolean isThere(String place) {
        S3Requests brief = new S3Requests(access.patient(LOOK));
        ObjectName name = ObjectName.of(place);
        try {
            brief.call(
                    place,
                    () -> true,
                    () -> client.listObjectsV2(request ->
                            request.bucket(name.bucket()).prefix(name.key()).maxKeys(1)));
            return true;
        } catch (UserError e) {
            return false;
        }
    }

    @Override
    public List<StoredFile> find(String pattern) {
        List<String> expanded = FilePattern.expanded(pattern);
        expanded.forEach(this::requireHeld);
        List<StoredFile> found = parallel(
                        expanded,
                        one -> FilePattern.isWild(one) ? matching(one) : List.of(listing.one(ObjectName.of(one))))
                .stream()
                .flatMap(List::stream)
                .distinct()
                .sorted(Comparator.comparing(StoredFile::path, BYTES))
                .toList();
        if (found.isEmpty()) {
            throw new UserError("No object is named like %s; check the pattern".formatted(pattern));
        }
        return found;
    }

    private void requireHeld(String place) {
        if (!roots.hold(place)) {
            throw new UserError("%s is not below %s (--root)".formatted(place, roots));
        }
    }

    private List<StoredFile> matching(String pattern) {
        ObjectName name = ObjectName.of(pattern);
        int slash = name.key().lastIndexOf('/');
        String folder = name.key().substring(0, slash + 1);
        if (FilePattern.isWild(folder)) {
            throw new UserError("%s: wildcards are for the object's name, not for folders".formatted(pattern));
        }
        Pattern last = FilePattern.name(name.key().substring(slash + 1));
        int from = name.place(folder).length();
        List<StoredFile> found = new ArrayList<>();
        listing.list(new ObjectName(name.bucket(), beginning(name.key())), false, object -> {
            if (last.matcher(object.path().substring(from)).matches()) {
                found.add(object);
            }
        });
        return found;
    }

    private static String beginning(String key) {
        int wild = 0;
        while ("*?".indexOf(key.charAt(wild)) < 0) {
            wild++;
        }
        return key.substring(0, wild);
    }

    /** Two levels of folders are listed by name, so that classes are listed at once and not one after the other. */
    @Override
    public void below(String folder, Consumer<StoredFile> taker) {
        requireHeld(folder);
        ObjectName root = ObjectName.of(folder.endsWith("/") ? folder : folder + "/");
        List<String> level = List.of(root.key());
        for (int depth = 0; depth < 3; depth++) {
            boolean deep = depth == 2;
            level =
                    parallel(level, key -> listing.list(new ObjectName(root.bucket(), key), deep, oneByOne(taker)))
                            .stream()
                            .flatMap(List::stream)
                            .toList();
        }
    }

    @Override
    public void in(List<String> folders, Consumer<StoredFile> taker) {
        folders.forEach(this::requireHeld);
        parallel(folders, folder -> listing.list(ObjectName.of(folder), false, oneByOne(taker)));
    }

    private static Consumer<StoredFile> oneByOne(Consumer<StoredFile> taker) {
        return object -> {
            synchronized (taker) {
                taker.accept(object);
            }
        };
    }

    private static <A, T> List<T> parallel(List<A> each, Function<A, T> work) {
        if (each.size() == 1) {
            return List.of(work.apply(each.get(0)));
        }
        ExecutorService threads = NamedThreads.numbered("objects", THREADS);
        try {
            List<Future<T>> futures = each.stream()
                    .map(one -> threads.submit(() -> work.apply(one)))
                    .toList();
            List<T> results = new ArrayList<>();
            for (Future<T> future : futures) {
                results.add(future.get());
            }
            return results;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new CompletionException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UserError("The listing of %s was interrupted; start again".formatted(DataSource.OBJECTS), e);
        } finally {
            threads.shutdownNow();
        }
    }

    @Override
    public Reader open(StoredFile file, BooleanSupplier wanted) {
        requireHeld(file.path());
        return new Open(file, ObjectName.of(file.path()), wanted);
    }

    /** The reader of one object; nothing is open between two reads. */
    private final class Open implements Reader {
        private final StoredFile file;
        private final ObjectName name;
        private final BooleanSupplier wanted;

        Open(StoredFile file, ObjectName name, BooleanSupplier wanted) {
            this.file = file;
            this.name = name;
            this.wanted = wanted;
        }

        @Override
        public void read(long from, ByteBuffer into) {
            int start = into.position();
            long end = Math.min(file.size(), from + into.remaining());
            if (from >= end) {
                return;
            }
            requests.call(name.toString(), wanted, () -> {
                long at = from + into.position() - start;
                if (at < end) {
                    get(at, end, into);
                }
                return null;
            });
        }

        /** What an answer cut short has brought is kept. */
        private void get(long from, long end, ByteBuffer into) throws IOException {
            try (ResponseInputStream<GetObjectResponse> in = access.gets().get(name, from, end)) {
                try {
                    requireAsked(in.response(), from, end);
                    byte[] piece = new byte[(int) Math.min(PIECE, end - from)];
                    long left = end - from;
                    while (left > 0) {
                        int count = in.read(piece, 0, (int) Math.min(piece.length, left));
                        if (count < 0) {
                            throw new EOFException(
                                    "an answer of %d bytes ended after %d".formatted(end - from, end - from - left));
                        }
                        into.put(piece, 0, count);
                        left -= count;
                    }
                } catch (IOException | RuntimeException e) {
                    in.abort();
                    throw e;
                }
            }
        }

        private void requireAsked(GetObjectResponse answer, long from, long end) throws IOException {
            if (S3Listing.tag(answer.eTag(), answer.lastModified()) != file.changed()) {
                throw new UserError(
                        "%s has changed since it was listed (its ETag is %s); leave the objects of a running job alone, and start it again"
                                .formatted(name, answer.eTag()));
            }
            String range = answer.contentRange();
            boolean whole = range == null && from == 0 && end == file.size();
            boolean asked = whole
                    || "bytes %d-%d/%d".formatted(from, end - 1, file.size()).equals(range);
            if (!asked || !Long.valueOf(end - from).equals(answer.contentLength())) {
                throw new IOException("bytes %d-%d of %d were asked for, and %s came, %s bytes"
                        .formatted(from, end - 1, file.size(), range, answer.contentLength()));
            }
        }

        @Override
        public void close() {
            // Nothing is open.
        }
    }
}
