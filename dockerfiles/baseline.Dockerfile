# What `cargo xtask bench build` measures us against: the way that krunner replaces, with its inputs on loopback.
ARG REGISTRY
ARG TARGETARCH
FROM ${REGISTRY}/krunner-base:${TARGETARCH} AS build
ARG SERVER
ARG TARGETARCH
RUN mkdir -p /opt && cd /opt && wget -q -O python.tar.gz ${SERVER}/python-${TARGETARCH}.tar.gz \
    && tar xzf python.tar.gz && mv python backend.ai && rm python.tar.gz
COPY requirements.txt /root/
RUN /opt/backend.ai/bin/python3 -m pip wheel --no-cache-dir --no-index --find-links ${SERVER}/wheels/ \
    -w /root/wheels -r /root/requirements.txt
RUN /opt/backend.ai/bin/python3 -m pip install --no-cache-dir --no-index --find-links /root/wheels \
    -r /root/requirements.txt

FROM scratch
COPY --from=build /opt/backend.ai /
