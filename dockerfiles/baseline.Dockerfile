# What `cargo xtask bench build` measures us against: the way that krunner replaces, with its inputs on loopback.
ARG REGISTRY
FROM ${REGISTRY}/krunner-base:${TARGETARCH} AS build
ARG SERVER
ARG TARGETARCH
# Absolute paths: busybox's shell runs a bare name through /proc/self/exe, which is the emulator where one is.
RUN /bin/mkdir -p /opt && cd /opt && /bin/wget -q -O python.tar.gz ${SERVER}/python-${TARGETARCH}.tar.gz \
    && /bin/gzip -d python.tar.gz && /bin/tar xf python.tar && /bin/mv python backend.ai && /bin/rm python.tar
COPY requirements.txt /root/
RUN /opt/backend.ai/bin/python3 -m pip wheel --no-cache-dir --no-index --find-links ${SERVER}/wheels/ \
    -w /root/wheels -r /root/requirements.txt
RUN /opt/backend.ai/bin/python3 -m pip install --no-cache-dir --no-index --find-links /root/wheels \
    -r /root/requirements.txt

FROM scratch
COPY --from=build /opt/backend.ai /
