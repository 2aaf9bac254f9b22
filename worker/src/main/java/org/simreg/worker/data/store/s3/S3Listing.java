package org.simreg.worker.data.store.s3;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
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

    /**
     * What is below a beginning of names.
     *
     * @param objects with their places
     * @param folders beginnings up to the next slash, as keys
     */
    record Found(List<StoredFile> objects, List<String> folders) {}

    /**
     * Lists.
     *
     * @param prefix which names begin so
     * @param deep whether all objects are wanted, or those before the next slash
     * @throws UserError if it can't be listed
     */
    Found list(ObjectName prefix, boolean deep) {
        List<StoredFile> objects = new ArrayList<>();
        List<String> folders = new ArrayList<>();
        String token = null;
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
                    .forEach(one -> objects.add(
                            new StoredFile(prefix.place(one.key()), one.size(), tag(one.eTag(), one.lastModified()))));
            page.commonPrefixes().forEach(one -> folders.add(one.prefix()));
            token = Boolean.TRUE.equals(page.isTruncated()) ? page.nextContinuationToken() : null;
        } while (token != null);
        return new Found(objects, folders);
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

    /** One object as it is now. */
    StoredFile one(ObjectName name) {
        HeadObjectResponse head = requests.call(
                name.toString(),
                () -> true,
                () -> client.headObject(request -> request.bucket(name.bucket()).key(name.key())));
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
