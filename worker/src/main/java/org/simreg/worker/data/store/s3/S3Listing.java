package org.simreg.worker.data.store.s3;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Sha256;
import org.simreg.worker.data.store.StoredFile;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.EncodingType;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;

/**
 * The listing of a bucket.
 *
 * @param client of the service
 * @param requests to it
 */
record S3Listing(S3Client client, S3Requests requests) {
    private static final String SLASH = "/";

    /** Pages without a name one after the other; a service may skip what was deleted. */
    private static final int MOST_EMPTY = 1000;

    /** A hundred times ImageNet with all its classes. */
    private static final int MOST_NAMES = 100_000_000;

    /**
     * Lists.
     *
     * @param prefix which names begin so
     * @param deep whether all objects are wanted, or those before the next slash
     * @param taker takes each object with its place, on this thread
     * @return beginnings up to the next slash, as keys
     * @throws UserError if it can't be listed
     */
    List<String> list(ObjectName prefix, boolean deep, Consumer<StoredFile> taker) {
        List<String> folders = new ArrayList<>();
        String token = null;
        int empty = 0;
        long names = 0;
        do {
            ListObjectsV2Request request = ListObjectsV2Request.builder()
                    .bucket(prefix.bucket())
                    .prefix(prefix.key())
                    .delimiter(deep ? null : SLASH)
                    .encodingType(EncodingType.URL)
                    .continuationToken(token)
                    .build();
            ListObjectsV2Response page = requests.call("The listing of " + prefix, () -> true, () -> whole(request));
            page.contents()
                    .forEach(one -> taker.accept(
                            new StoredFile(prefix.place(one.key()), one.size(), tag(one.eTag(), one.lastModified()))));
            page.commonPrefixes().forEach(one -> folders.add(one.prefix()));
            int some = page.contents().size() + page.commonPrefixes().size();
            empty = some == 0 ? empty + 1 : 0;
            names += some;
            if (empty > MOST_EMPTY || names > MOST_NAMES) {
                throw new UserError(
                        "The listing of %s has no end: %d names so far; look at the service".formatted(prefix, names));
            }
            token = Boolean.TRUE.equals(page.isTruncated()) ? page.nextContinuationToken() : null;
        } while (token != null);
        return folders;
    }

    /** A page that is what it says; another one may look as if there were less. */
    private ListObjectsV2Response whole(ListObjectsV2Request request) throws IOException {
        ListObjectsV2Response page = client.listObjectsV2(request);
        int found = page.contents().size() + page.commonPrefixes().size();
        if (!request.bucket().equals(page.name())) {
            throw new IOException("the answer is no listing of the bucket");
        } else if (page.keyCount() != null && page.keyCount() != found) {
            throw new IOException("the listing says %d names, and has %d".formatted(page.keyCount(), found));
        }
        String next = page.nextContinuationToken();
        if (Boolean.TRUE.equals(page.isTruncated()) && (next == null || next.equals(request.continuationToken()))) {
            throw new IOException("the listing goes on, and doesn't say where");
        }
        return page;
    }

    /** One object as it is now, by two answers that agree: no later one would tell a lie about its length from the truth. */
    StoredFile one(ObjectName name) {
        return requests.call(name.toString(), () -> true, () -> {
            StoredFile first = head(name);
            StoredFile second = head(name);
            if (!first.equals(second)) {
                throw new IOException("of two answers one says %d bytes, the other %d, or their ETags differ"
                        .formatted(first.size(), second.size()));
            }
            return first;
        });
    }

    private StoredFile head(ObjectName name) throws IOException {
        HeadObjectResponse head =
                client.headObject(request -> request.bucket(name.bucket()).key(name.key()));
        if (head.contentLength() == null || head.contentLength() < 0) {
            throw new IOException("the answer doesn't say how long it is");
        }
        return new StoredFile(name.toString(), head.contentLength(), tag(head.eTag(), head.lastModified()));
    }

    /**
     * What tells an object from what it was before, in 63 bits.
     *
     * @param etag null where the service has none: the time stands in
     */
    static long tag(String etag, Instant changed) {
        String text =
                etag == null ? String.valueOf(changed) : etag.replace("W/", "").replace("\"", "");
        String hex = new Sha256().text(text).hex();
        return Long.parseUnsignedLong(hex.substring(0, 16), 16) & Long.MAX_VALUE;
    }
}
